import type { ShouldRevalidateFunction } from "@remix-run/react";

/** What the page itself answers a form with where the server cannot be reached. */
export interface Unreachable {
  unreachable: true;
}

/** After a form, data is read anew; not where the server cannot be reached, which would take the page away. */
export const unlessUnreachable: ShouldRevalidateFunction = ({
  actionResult,
  defaultShouldRevalidate,
}) => {
  const answer = actionResult as Partial<Unreachable> | undefined;
  return !answer?.unreachable && defaultShouldRevalidate;
};

/** For what stands over the list: news of the list are none of its own. */
export const ignoreLiveNews: ShouldRevalidateFunction = ({
  currentUrl,
  nextUrl,
  formMethod,
  defaultShouldRevalidate,
}) => (formMethod || currentUrl.href !== nextUrl.href ? defaultShouldRevalidate : false);
