/** @returns the stub of a session's Durable Object; asking for one makes nothing */
export function objectOf(env: Pick<Env, "SESSION_DO">, id: string) {
  return env.SESSION_DO.get(env.SESSION_DO.idFromName(id));
}
