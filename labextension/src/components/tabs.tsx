import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ISection } from '../tokens';

/**
 * The tabs of the panel: one for each section.
 */
export class Tabs extends ReactWidget {
  constructor(
    private readonly trans: TranslationBundle,
    private readonly onSelect: (id: string) => void
  ) {
    super();
    this.addClass('jp-Dlaas-Tabs');
  }

  get sections(): readonly ISection[] {
    return this._sections;
  }

  get current(): string {
    return this._current;
  }
  set current(id: string) {
    this._current = id;
    this.update();
  }

  add(section: ISection): void {
    this._sections = [...this._sections, section].sort(
      (a, b) => a.rank - b.rank
    );
    section.widget.title.changed.connect(() => this.update(), this);
    this.update();
  }

  protected render(): JSX.Element {
    return (
      <div
        className="jp-Dlaas-tabs"
        role="tablist"
        aria-label={this.trans.__('Data lake')}
        onKeyDown={event => this._onKey(event)}
      >
        {this._sections.map(section => this._tab(section))}
      </div>
    );
  }

  private _tab({ id, widget }: ISection): JSX.Element {
    const isCurrent = id === this._current;
    const { label } = widget.title;
    const { badge } = widget.title.dataset;
    return (
      <button
        key={id}
        id={tabId(id)}
        type="button"
        role="tab"
        className="jp-Dlaas-tab"
        aria-selected={isCurrent}
        aria-controls={widget.id}
        tabIndex={isCurrent ? 0 : -1}
        onClick={() => this.onSelect(id)}
      >
        <span>{label}</span>
        {badge && <span className="jp-Dlaas-tab-badge">{badge}</span>}
      </button>
    );
  }

  private _onKey(event: React.KeyboardEvent): void {
    const ids = this._sections.map(({ id }) => id);
    const at = ids.indexOf(this._current);
    const to: { [key: string]: number } = {
      ArrowRight: (at + 1) % ids.length,
      ArrowLeft: (at - 1 + ids.length) % ids.length,
      Home: 0,
      End: ids.length - 1
    };
    if (event.key in to) {
      event.preventDefault();
      const id = ids[to[event.key]];
      this.onSelect(id);
      this.node.querySelector<HTMLElement>(`#${tabId(id)}`)?.focus();
    }
  }

  private _sections: ISection[] = [];
  private _current = '';
}

/**
 * The id of a section's tab.
 */
export function tabId(section: string): string {
  return `jp-Dlaas-tab-${section}`;
}
