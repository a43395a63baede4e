/**
 * Creates an account, and survives an answer that was lost: where the server
 * may already have created it, a `conflict` can be about this very account, and a
 * `forbidden` about an invite that it has used up, so logging in tells.
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
    if (error.code !== 'conflict' && !(error.code === 'forbidden' && form.invite)) throw error;
    return http.login(form).catch(() => Promise.reject(error));
  }
}
