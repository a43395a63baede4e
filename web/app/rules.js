// The server's limits, checked in the page first, so that users need not wait for an answer.

/** @returns {string | null} The problem in a sentence. */
export function handleError(handle) {
  if (handle.length === 0) return 'Choose a handle.';
  if (!/^[a-z0-9_]*$/i.test(handle)) return 'Use only letters a–z, digits and underscores.';
  if (handle.length < 3 || handle.length > 32) return 'A handle has 3 to 32 characters.';
  return null;
}

/** @returns {string | null} The problem in a sentence. */
export function passwordError(password) {
  const length = Array.from(password).length;
  if (length < 8) return 'Use at least 8 characters.';
  if (length > 128) return 'Use at most 128 characters.';
  return null;
}

/** @returns {string | null} The problem in a sentence. */
export function displayNameError(name) {
  const length = Array.from(name).length;
  if (length < 1) return 'Enter a name.';
  if (length > 64) return 'Use at most 64 characters.';
  return null;
}
