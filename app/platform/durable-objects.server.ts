/** @returns the stub of a session's Durable Object; getting a stub neither calls nor creates the object */
export function sessionObject(env: Pick<Env, "SESSION_DO">, id: string) {
  return env.SESSION_DO.get(env.SESSION_DO.idFromName(id));
}

/**
 * @returns the stub of a person's Durable Object, which holds the sockets of their open pages and runs their background
 *   work; getting a stub neither calls nor creates the object
 */
export function personObject(env: Pick<Env, "PERSON_DO">, userId: string) {
  return env.PERSON_DO.get(env.PERSON_DO.idFromName(userId));
}
