import type { InputHTMLAttributes } from "react";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  name: string;
  hint?: string;
  /** Error message for the typed value. */
  error?: string | undefined;
}

/** A text input with a label, and with a hint and an error that screen readers announce with it. */
export function Field({ label, name, hint, error, ...input }: FieldProps) {
  const described = [error && `${name}-error`, hint && `${name}-hint`].filter(Boolean).join(" ");
  return (
    <div className="grid gap-1">
      <label htmlFor={name} className="font-medium">
        {label}
      </label>
      <input
        id={name}
        name={name}
        className="field"
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        {...input}
      />
      {error && (
        <p id={`${name}-error`} className="text-danger">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${name}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
