/** The people at the stand-in for GitHub, how it behaves towards them, and how they use its pages. */
import { randomUUID } from "node:crypto";
import type { Page } from "playwright/test";
import type { Person } from "./github.mjs";
import { GITHUB } from "./servers";

/** Creates or changes a person. @returns their login */
export async function putPerson(
  person: Person,
  login = `octo-${randomUUID().slice(0, 8)}`,
): Promise<string> {
  await fetch(`${GITHUB}/_people/${login}`, { method: "PUT", body: JSON.stringify(person) });
  return login;
}

/** Revokes Ship's access to the person's repositories, at GitHub. */
export async function revokeAccess(login: string): Promise<void> {
  await fetch(`${GITHUB}/_people/${login}/tokens`, { method: "DELETE" });
}

/** @returns how many of this person's tokens are still valid */
export async function countTokens(login: string): Promise<number> {
  const answer = await fetch(`${GITHUB}/_people/${login}`);
  const { tokens } = await answer.json<{ tokens: number }>();
  return tokens;
}

/** @returns the paths of the requests to GitHub's API for this person */
export async function askedFor(login: string): Promise<string[]> {
  const answer = await fetch(`${GITHUB}/_people/${login}`);
  const { asked } = await answer.json<{ asked: string[] }>();
  return asked;
}

/** Goes from Ship's sign-in page through GitHub's, and answers its question. */
export async function continueWithGitHub(
  page: Page,
  login: string,
  answer: "Authorize" | "Cancel" = "Authorize",
) {
  await page.getByRole("button", { name: "Continue with GitHub" }).click();
  await answerGitHub(page, login, answer);
}

/** Answers on GitHub's page that asks whether to authorize Ship. */
export async function answerGitHub(
  page: Page,
  login: string,
  answer: "Authorize" | "Cancel" = "Authorize",
) {
  await page.getByLabel("Login").fill(login);
  await page.getByRole("button", { name: answer }).click();
}

/** Signs a person in and opens the list. @returns their login */
export async function signInWithGitHub(page: Page, person: Person): Promise<string> {
  const login = await putPerson(person);
  await page.goto("/dashboard");
  await continueWithGitHub(page, login);
  await page.getByRole("heading", { name: "Sessions" }).waitFor();
  return login;
}
