import { expect, test } from "../support/test";

test.use({ locale: "de-DE", timezoneId: "Europe/Berlin" });

test("exact times are told in the person's language and time zone; in UTC where only the browser could know", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);

  const told = page.getByRole("region", { name: "History" }).locator("time").last();
  await expect(told).toHaveText(
    javaScriptEnabled === false
      ? /, \d{2}:\d{2} UTC$/
      : /^\d{1,2}\. \S+ \d{4}, \d{2}:\d{2} (MEZ|MESZ)$/,
  );
});
