import { useState } from "react";
import type { Offer } from "../../github/offer";
import {
  RepositoryPicker,
  RepositorySearchField,
  useRepositorySearch,
} from "../../github/repository-picker";
import type { Fields } from "../../platform/http/form.server";
import {
  CreateSessionDialog,
  type CreateSessionDialogProps,
} from "../../sessions/lifecycle/create-session-dialog";
import { parseRepositoryLink, repositorySearch } from "../../sessions/lifecycle/repository-link";

interface PickDialogProps {
  dialog: Omit<CreateSessionDialogProps, "canCreate" | "children" | "typed" | "errors"> & {
    typed: Fields;
    errors: Fields | undefined;
  };
  offer: Offer | null;
  find: string;
  /** GITHUB_URL: an address of a repository there is searched for by the repository's name. */
  gitHubUrl: string;
}

/** The dialog for a new session in which a GitHub user picks a connected repository. */
export function PickDialog({ dialog, offer: first, find, gitHubUrl }: PickDialogProps) {
  const search = useRepositorySearch(first, find);
  const { typed, errors } = dialog;
  const [branch, setBranch] = useState(typed.branch);
  const setText = (text: string) => {
    search.setText(repositorySearch(text, gitHubUrl));
    setBranch(parseRepositoryLink(text, gitHubUrl)?.branch ?? branch);
  };
  const { offer } = search;
  const nothing = offer?.repositories.length === 0 && !offer.find && !typed.repository;
  return (
    <CreateSessionDialog
      {...dialog}
      typed={{ ...typed, branch }}
      before={<RepositorySearchField {...search} setText={setText} />}
      canCreate={!nothing}
    >
      <RepositoryPicker {...search} chosen={typed.repository} error={errors?.repository} />
    </CreateSessionDialog>
  );
}
