import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Input } from '../components/input';
import { Name } from '../components/name';
import { splitDID } from '../did';
import type { ExploreModel } from './model';

/**
 * The box for names and patterns, which proposes what may be meant.
 */
export function SearchBox(props: {
  model: ExploreModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { completion } = model;
  const { index, options } = completion;
  const isOpen = options.length > 0;
  const id = React.useId();
  const box = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (model.focusRequests) {
      box.current?.focus();
      box.current?.setSelectionRange(
        model.text.endsWith(':') ? model.text.length : 0,
        model.text.length
      );
    }
  }, [model.focusRequests]);
  return (
    <div className="jp-Dlaas-search-box">
      <Icon name="search" />
      <Input
        ref={box}
        type="search"
        role="combobox"
        aria-label={trans.__('Search the data lake')}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-activedescendant={index >= 0 ? `${id}-${index}` : undefined}
        placeholder={trans.__('scope:name*')}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        value={model.text}
        onChange={text => model.write(text)}
        onKeyDown={event => onKey(event, model)}
        onPaste={event => onPaste(event, model)}
        onBlur={() => completion.close()}
      />
      {model.text && (
        <IconButton
          label={trans.__('Clear the search')}
          icon="close"
          onClick={() => {
            model.text = '';
            model.clear();
            box.current?.focus();
          }}
        />
      )}
      {isOpen && (
        <ul
          id={id}
          className="jp-Dlaas-options"
          role="listbox"
          aria-label={trans.__('Proposals')}
        >
          {options.map((option, at) => (
            <li
              key={option}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === index}
              aria-label={option}
              title={option}
              // The box keeps the focus.
              onMouseDown={event => event.preventDefault()}
              onClick={() => model.take(option)}
            >
              <Proposal text={option} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/**
 * A scope or a DID, whose scope gives way first: all proposals share it.
 */
function Proposal({ text }: { text: string }): JSX.Element {
  const { name, scope } = splitDID(text);
  return name ? <Name text={name} prefix={`${scope}:`} /> : <>{text}</>;
}

function onKey(event: React.KeyboardEvent, model: ExploreModel): void {
  const { completion } = model;
  const chosen = completion.options[completion.index];
  if (!completion.options.length || event.nativeEvent.isComposing) {
    return;
  }
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    completion.move(event.key === 'ArrowDown' ? 1 : -1);
  } else if (event.key === 'Escape') {
    completion.close();
  } else if (event.key === 'Enter' && chosen) {
    model.take(chosen);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/**
 * A list of several lines: of a line's end the browser would leave nothing.
 */
function onPaste(event: React.ClipboardEvent, model: ExploreModel): void {
  const text = event.clipboardData.getData('text').trim();
  if (!text.includes('\n')) {
    return;
  }
  event.preventDefault();
  const { selectionEnd, selectionStart, value } =
    event.currentTarget as HTMLInputElement;
  model.text =
    value.slice(0, selectionStart ?? 0) +
    text.split(/\s*\n\s*/).join(' ') +
    value.slice(selectionEnd ?? value.length);
}
