/**
 * Imported for its side effect. The test pool wraps an object's class in one more proxy for every instance, so that the
 * thousandth instance goes through a thousand proxies for each property. With this, every class keeps its first proxy.
 */
const construct = Reflect.construct;
const firstPrototypes = new Map<object, object>();

Reflect.construct = (<Target extends { prototype: object }>(
  target: Target,
  args: ArrayLike<unknown>,
  made = target,
) => {
  const first = firstPrototypes.get(made) ?? made.prototype;
  firstPrototypes.set(made, first);
  if (made.prototype !== first) made.prototype = first;
  return construct(target as never, args, made as never) as unknown;
}) as typeof construct;
