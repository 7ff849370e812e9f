import { Form, useRouteLoaderData } from "@remix-run/react";
import type { loader as rootLoader } from "../../root";

const CHOICES = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** Buttons to choose the theme. The current choice comes from the root loader, which needs it for every page. */
export function Appearance() {
  const theme = useRouteLoaderData<typeof rootLoader>("root")?.theme;
  return (
    <section aria-labelledby="appearance" className="panel grid gap-3 p-4">
      <h2 id="appearance" className="text-lg font-semibold">
        Appearance
      </h2>
      <Form method="post" preventScrollReset>
        <div role="group" aria-labelledby="appearance" className="flex flex-wrap gap-2">
          {CHOICES.map(({ value, label }) => (
            <button
              key={value}
              name="intent"
              value={`theme:${value}`}
              aria-pressed={value === (theme ?? "system")}
              className={`button icon-${value}`}
            >
              {label}
            </button>
          ))}
        </div>
      </Form>
    </section>
  );
}
