import * as React from 'react';

import { Input } from './input';

/**
 * A field and what it is called.
 */
export function Field(props: {
  label: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <label className="jp-Dlaas-field">
      <span>{props.label}</span>
      {props.children}
    </label>
  );
}

/**
 * A field for a name: nothing in it is language.
 */
export function TextField({
  label,
  ...props
}: { label: string } & React.ComponentProps<typeof Input>): JSX.Element {
  return (
    <Field label={label}>
      <Input
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        {...props}
      />
    </Field>
  );
}

/**
 * A choice of one of a list: values, with a text where that is another one.
 */
export function Select({
  className = '',
  onChange,
  options,
  ...props
}: Omit<React.ComponentProps<'select'>, 'onChange'> & {
  options: readonly (string | readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}): JSX.Element {
  return (
    <select
      className={`jp-Dlaas-select ${className}`}
      onChange={event => onChange(event.target.value)}
      {...props}
    >
      {options.map(option => {
        const [value, text] =
          typeof option === 'string' ? [option, option] : option;
        return (
          <option key={value} value={value}>
            {text}
          </option>
        );
      })}
    </select>
  );
}

/**
 * A choice of one of a list, and what it is called.
 */
export function SelectField({
  label,
  ...props
}: { label: string } & React.ComponentProps<typeof Select>): JSX.Element {
  return (
    <Field label={label}>
      <Select {...props} />
    </Field>
  );
}

/**
 * A box to tick, or with `type="radio"` one of several.
 */
export function Choice({
  children,
  onChange,
  ...props
}: Omit<React.ComponentProps<'input'>, 'onChange'> & {
  onChange: (isChosen: boolean) => void;
}): JSX.Element {
  return (
    <label className="jp-Dlaas-choice">
      <input
        type="checkbox"
        onChange={event => onChange(event.target.checked)}
        {...props}
      />
      <span>{children}</span>
    </label>
  );
}
