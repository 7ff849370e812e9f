/** What a request costs beyond its own code: round trips to D1, and Durable Objects asked. */
export interface Calls {
  d1: number;
  objects: number;
}

/** @returns the same bindings, which count into `calls` what is asked of them */
export function countCalls(env: Env, calls: Calls): Env {
  return {
    ...env,
    DB: onCall(env.DB, "batch", () => (calls.d1 += 1)),
    SESSION_DO: onCall(env.SESSION_DO, "get", () => (calls.objects += 1)),
    PERSON_DO: onCall(env.PERSON_DO, "get", () => (calls.objects += 1)),
  };
}

/** @returns a binding that calls `told` whenever its method `watched` is taken to be called */
function onCall<Binding extends object>(
  binding: Binding,
  watched: keyof Binding,
  told: () => void,
): Binding {
  return new Proxy(binding, {
    get(target, name) {
      if (name === watched) told();
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
