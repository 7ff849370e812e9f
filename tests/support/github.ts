/** Who is at the stand-in for GitHub, how it behaves towards them, and their way through its pages. */
import { randomUUID } from "node:crypto";
import type { Page } from "playwright/test";
import type { Person } from "./github.mjs";
import { GITHUB } from "./servers";

/** Puts a person there, or changes what is known of them. @returns their login */
export async function putPerson(
  person: Person,
  login = `octo-${randomUUID().slice(0, 8)}`,
): Promise<string> {
  await fetch(`${GITHUB}/_people/${login}`, { method: "PUT", body: JSON.stringify(person) });
  return login;
}

/** The person takes Ship's access back, at GitHub. */
export async function revokeAccess(login: string): Promise<void> {
  await fetch(`${GITHUB}/_people/${login}/tokens`, { method: "DELETE" });
}

/** @returns how many of the tokens that GitHub gave for this person still work */
export async function countTokens(login: string): Promise<number> {
  const answer = await fetch(`${GITHUB}/_people/${login}`);
  const { tokens } = await answer.json<{ tokens: number }>();
  return tokens;
}

/** @returns what was asked of GitHub's API for this person, by its paths */
export async function askedFor(login: string): Promise<string[]> {
  const answer = await fetch(`${GITHUB}/_people/${login}`);
  const { asked } = await answer.json<{ asked: string[] }>();
  return asked;
}

/** From Ship's sign-in page through GitHub's, with this answer to its question. */
export async function continueWithGitHub(
  page: Page,
  login: string,
  answer: "Authorize" | "Cancel" = "Authorize",
) {
  await page.getByRole("button", { name: "Continue with GitHub" }).click();
  await answerGitHub(page, login, answer);
}

/** On GitHub's page that asks whether to let Ship in. */
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
