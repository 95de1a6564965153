import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { Input } from '../components/input';
import { ProblemView } from '../components/problem';
import { Form } from '../form';

/**
 * A form of one text, and of a choice beside it where there is one.
 */
class TextForm extends Form {
  constructor(
    private readonly act: (text: string, isTicked: boolean) => Promise<void>,
    text = '',
    readonly mayBeEmpty = false
  ) {
    super();
    this._text = text;
  }

  get text(): string {
    return this._text;
  }
  set text(value: string) {
    this._text = value;
    this.edited();
  }

  get isTicked(): boolean {
    return this._isTicked;
  }
  set isTicked(value: boolean) {
    this._isTicked = value;
    this.edited();
  }

  get isValid(): boolean {
    return this.mayBeEmpty || this._text.trim() !== '';
  }

  protected send(): Promise<void> {
    return this.act(this._text.trim(), this._isTicked);
  }

  private _text: string;
  private _isTicked = false;
}

/**
 * What is asked for: a line, or several; with `tick` a choice beside it, with `hint` a sentence.
 */
interface IQuestion {
  title: string;
  label: string;
  accept: string;
  placeholder: string;
  text?: string;
  tick?: string;
  hint?: string;
  act: (text: string, isTicked: boolean) => Promise<void>;
}

async function ask(
  question: IQuestion,
  isLine: boolean,
  trans: TranslationBundle
): Promise<boolean> {
  const { accept, hint, label, placeholder, tick, title } = question;
  const form = new TextForm(question.act, question.text, isLine);
  const field = {
    placeholder,
    name: 'text',
    spellCheck: false,
    autoComplete: 'off'
  };
  const draw = () => (
    <>
      {hint && <p className="jp-Dlaas-quiet">{hint}</p>}
      <label className="jp-Dlaas-field">
        <span>{label}</span>
        {isLine ? (
          <Input
            {...field}
            value={form.text}
            onChange={text => {
              form.text = text;
            }}
          />
        ) : (
          <textarea
            {...field}
            className="jp-Dlaas-input jp-mod-code jp-Dlaas-basket-text"
            rows={6}
            onChange={event => {
              form.text = event.target.value;
            }}
          />
        )}
      </label>
      {tick && (
        <label className="jp-Dlaas-choice">
          <input
            type="checkbox"
            checked={form.isTicked}
            onChange={event => {
              form.isTicked = event.target.checked;
            }}
          />
          <span>{tick}</span>
        </label>
      )}
      {form.problem && <ProblemView problem={form.problem} trans={trans} />}
    </>
  );
  const focus = '[name=text]';
  await new FormDialog(form, { title, accept, draw, focus, trans }).launch();
  return form.isDone;
}

/**
 * Ask for the folder that something is downloaded to; the answer is whether that has begun.
 */
export function askFolder(
  what: string,
  folder: string,
  act: IQuestion['act'],
  trans: TranslationBundle
): Promise<boolean> {
  const accept = trans.__('Download');
  return ask(
    {
      act,
      accept,
      title: accept,
      hint: what,
      text: folder,
      label: trans.__('Folder'),
      placeholder: trans.__('the top folder'),
      tick: trans.__('Replace other files that have these names')
    },
    true,
    trans
  );
}

/**
 * Ask for a basket as a text; the answer is whether it was taken.
 */
export function askImport(
  act: IQuestion['act'],
  trans: TranslationBundle
): Promise<boolean> {
  return ask(
    {
      act,
      accept: trans.__('Import'),
      title: trans.__('Import into the basket'),
      hint: trans.__(
        'To import a saved file, right-click it in the file browser.'
      ),
      label: trans.__('DIDs, addresses, a table, or JSON'),
      placeholder: trans.__('scope:name')
    },
    false,
    trans
  );
}
