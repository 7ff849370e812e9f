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
import { repositorySearch } from "../../sessions/lifecycle/repository-link";

interface PickDialogProps {
  dialog: Omit<CreateSessionDialogProps, "canCreate" | "children">;
  offer: Offer | null;
  find: string;
  typed: Fields;
  errors: Fields | undefined;
  /** GITHUB_URL: an address of a repository there is searched for by the repository's name. */
  gitHubUrl: string;
}

/** The dialog for a new session in which a GitHub user picks a connected repository. */
export function PickDialog({
  dialog,
  offer: first,
  find,
  typed,
  errors,
  gitHubUrl,
}: PickDialogProps) {
  const search = useRepositorySearch(first, find);
  const setText = (text: string) => search.setText(repositorySearch(text, gitHubUrl));
  const { offer } = search;
  const nothing = offer?.repositories.length === 0 && !offer.find && !typed.repository;
  return (
    <CreateSessionDialog
      {...dialog}
      before={<RepositorySearchField {...search} setText={setText} />}
      canCreate={!nothing}
    >
      <RepositoryPicker {...search} chosen={typed.repository} error={errors?.repository} />
    </CreateSessionDialog>
  );
}
