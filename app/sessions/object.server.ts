/** @returns the stub of a session's Durable Object; asking for one makes nothing */
export function objectOf(env: Env, id: string) {
  return env.SESSION_DO.get(env.SESSION_DO.idFromName(id));
}
