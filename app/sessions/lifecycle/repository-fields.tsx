import { useState, type ClipboardEvent } from "react";
import { Field } from "../../ui/field";
import { parseRepositoryLink } from "./repository-link";

interface RepositoryFieldsProps {
  typed: Partial<Record<string, string>> | undefined;
  errors: Partial<Record<string, string>> | undefined;
  /** GITHUB_URL: addresses of repositories there may be pasted. */
  gitHubUrl: string;
}

/** The fields for the owner and the name of any repository. An address pasted into either fills both, and the branch. */
export function RepositoryFields({ typed, errors, gitHubUrl }: RepositoryFieldsProps) {
  const [pasted, setPasted] = useState("");
  const onPaste = (event: ClipboardEvent<HTMLInputElement>) => {
    const link = parseRepositoryLink(event.clipboardData.getData("text"), gitHubUrl);
    if (!link) return;
    event.preventDefault();
    const { form } = event.currentTarget;
    const { owner, name, branch } = link;
    setField(form, "repoOwner", owner);
    setField(form, "repoName", name);
    if (branch) setField(form, "branch", branch);
    setPasted(`Filled in: owner ${owner}, name ${name}${branch ? `, branch ${branch}` : ""}.`);
  };
  return (
    <>
      <Field
        label="Repository owner"
        name="repoOwner"
        hint="The person or organization on GitHub. You can paste “owner/name” or a GitHub address."
        defaultValue={typed?.repoOwner}
        error={errors?.repoOwner}
        onPaste={onPaste}
        autoFocus
      />
      <Field
        label="Repository name"
        name="repoName"
        defaultValue={typed?.repoName}
        error={errors?.repoName}
        onPaste={onPaste}
      />
      <p aria-live="polite" className="sr-only">
        {pasted}
      </p>
    </>
  );
}

function setField(form: HTMLFormElement | null, name: string, value: string): void {
  const field = form?.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = value;
}
