// Who may do what in a group, so that nobody is offered what the server would refuse.

/** From the most powerful to the least. */
export const ROLES = ['owner', 'admin', 'member'];

/** Returns whether somebody may rename the group and add people. */
export function runsGroup(role) {
  return role === 'owner' || role === 'admin';
}

/**
 * Returns the roles that somebody may give a member, the present one left out.
 * @param {string | null} own  The role of who gives.
 * @param {{role: string, isSelf: boolean, owners: number}} member  `owners` is how many the group has.
 */
export function rolesToGive(own, { role, isSelf, owners }) {
  if (own !== 'owner' || (isSelf && owners === 1)) return [];
  return ROLES.filter((other) => other !== role);
}

/** Returns whether somebody may take a member out of the group; oneself, one leaves. */
export function mayRemove(own, { role, isSelf }) {
  if (isSelf) return false;
  return own === 'owner' || (own === 'admin' && role === 'member');
}

/** Returns members with those who run the group first, and else in the order in which they came. */
export function inOrder(members) {
  const rank = ({ role }) => (ROLES.includes(role) ? ROLES.indexOf(role) : ROLES.length);
  return [...members].sort((a, b) => rank(a) - rank(b) || a.joined_at_ms - b.joined_at_ms || (a.user < b.user ? -1 : 1));
}
