/**
 * Creates an account, also if an answer gets lost. The server may then have created the account already: a `conflict`
 * can be about this very account, and a `forbidden` about an invite that it has used up. A login decides.
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
