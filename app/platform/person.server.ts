/** @returns the stub of a person's Durable Object, which knows what they have open; asking for one makes nothing */
export function personOf(env: Pick<Env, "PERSON_DO">, userId: string) {
  return env.PERSON_DO.get(env.PERSON_DO.idFromName(userId));
}
