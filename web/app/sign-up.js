/**
 * Creates an account, and survives an answer that was lost: where the server
 * may already have created it, a `conflict` can be about this very account, so
 * logging in tells.
 */
export async function signUp(http, form) {
  try {
    return await http.signup(form);
  } catch (error) {
    if (error.code !== 'unavailable') throw error;
  }
  try {
    return await http.signup(form);
  } catch (error) {
    if (error.code !== 'conflict') throw error;
    return http.login(form).catch(() => Promise.reject(error));
  }
}
