/** @returns the stub of a session's Durable Object; asking for one makes nothing */
export function sessionObject(env: Pick<Env, "SESSION_DO">, id: string) {
  return env.SESSION_DO.get(env.SESSION_DO.idFromName(id));
}

/** @returns the stub of a person's Durable Object, which knows what they have open; asking for one makes nothing */
export function personObject(env: Pick<Env, "PERSON_DO">, userId: string) {
  return env.PERSON_DO.get(env.PERSON_DO.idFromName(userId));
}
