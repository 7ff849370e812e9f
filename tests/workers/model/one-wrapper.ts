/**
 * Imported for its effect. The pool puts one more proxy around an object's class whenever it makes an instance, so that the
 * thousandth instance asks a thousand proxies for each of its properties. Here every class keeps its first proxy.
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
