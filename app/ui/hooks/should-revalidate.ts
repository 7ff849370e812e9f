import type { ShouldRevalidateFunction } from "@remix-run/react";

/** The result of a `clientAction` when the server could not be reached. */
export interface Unreachable {
  unreachable: true;
}

/**
 * Skips the revalidation after an action that could not reach the server: it would fail too, and replace the page with
 * an error.
 */
export const unlessUnreachable: ShouldRevalidateFunction = ({
  actionResult,
  defaultShouldRevalidate,
}) => {
  const answer = actionResult as Partial<Unreachable> | undefined;
  return !answer?.unreachable && defaultShouldRevalidate;
};

/**
 * For the root, whose data does not depend on the query: also skips the revalidation after a link or a GET form that
 * changes nothing but the query.
 */
export const unlessQueryChanges: ShouldRevalidateFunction = (step) => {
  const { currentUrl, nextUrl, formMethod } = step;
  const samePage = !formMethod && currentUrl.pathname === nextUrl.pathname;
  return !(samePage && currentUrl.search !== nextUrl.search) && unlessUnreachable(step);
};

/** For dialogs over the list: skips revalidations without a form or navigation, such as those for live changes. */
export const ignoreLiveNews: ShouldRevalidateFunction = ({
  currentUrl,
  nextUrl,
  formMethod,
  defaultShouldRevalidate,
}) => (formMethod || currentUrl.href !== nextUrl.href ? defaultShouldRevalidate : false);
