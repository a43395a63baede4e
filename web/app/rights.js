// What each role may do in a group. The page offers only what the server allows.

/** From the most powerful to the least. */
export const ROLES = ['owner', 'admin', 'member'];

/** Returns whether a role may rename the group and add members. */
export function runsGroup(role) {
  return role === 'owner' || role === 'admin';
}

/**
 * Returns the roles that the user may give a member, without the present one.
 * @param {string | null} own  The role of the user.
 * @param {{role: string, isSelf: boolean, owners: number}} member  `owners` is the number of the group's owners.
 */
export function rolesToGive(own, { role, isSelf, owners }) {
  if (own !== 'owner' || (isSelf && owners === 1)) return [];
  return ROLES.filter((other) => other !== role);
}

/** Returns whether the user may remove a member. To remove oneself is to leave, which is another action. */
export function mayRemove(own, { role, isSelf }) {
  if (isSelf) return false;
  return own === 'owner' || (own === 'admin' && role === 'member');
}

/** Returns members sorted by role, owners first, and then by the time at which they joined. */
export function inOrder(members) {
  const rank = ({ role }) => (ROLES.includes(role) ? ROLES.indexOf(role) : ROLES.length);
  return [...members].sort((a, b) => rank(a) - rank(b) || a.joined_at_ms - b.joined_at_ms || (a.user < b.user ? -1 : 1));
}
