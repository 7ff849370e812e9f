import type { ReactNode } from "react";
import { numberText, SCROLLABLE } from "../../../ui/number";
import type { Changes } from "../../protocol/item";
import { isLinkTarget } from "../../protocol/markdown";
import { patchBlocks } from "./diff-lines";
import { counted } from "./fold-items";
import { DiffLines } from "./tool-view";

/** What has changed in the files of a branch, with the patch folded. */
export function ChangesView({ changes, by }: { changes: Changes; by: ReactNode }) {
  const { branch, base, files, patch, missing, pullRequest } = changes;
  return (
    <li className="panel item">
      {by}
      <p>
        <span className="font-medium">Changes</span> on <bdi>{branch}</bdi> since <bdi>{base}</bdi>:{" "}
        {counted(files.length, "file")}
      </p>
      {files.length > 0 && (
        <div {...SCROLLABLE} aria-label="Changed files" className="code">
          <ul>
            {files.map(({ path, added, removed }, place) => (
              <li key={place}>
                <bdi>{path}</bdi> <span className="text-good">+{numberText(added)}</span>
                <span className="sr-only"> added</span>{" "}
                <span className="text-danger">−{numberText(removed)}</span>
                <span className="sr-only"> removed</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {pullRequest !== undefined && isLinkTarget(pullRequest) && (
        <p>
          <a href={pullRequest} rel="noreferrer nofollow" className="link">
            Pull request
            <span className="icon-external ml-1" />
          </a>
        </p>
      )}
      {patch !== "" && (
        <details>
          <summary>Patch</summary>
          <DiffLines label="Patch" blocks={patchBlocks(patch)} />
        </details>
      )}
      {(missing.files > 0 || missing.lines > 0) && (
        <p className="text-sm text-muted">
          Not in the patch: {counted(missing.files, "file")}, {counted(missing.lines, "line")}.
        </p>
      )}
    </li>
  );
}
