import { Dialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';

import type { Form } from '../form';
import { explain } from '../problems';

class Body extends VDomRenderer<Form> {
  constructor(
    form: Form,
    private readonly draw: () => JSX.Element
  ) {
    super(form);
    this.addClass('jp-Dlaas-DialogBody');
  }

  protected render(): JSX.Element {
    return this.draw();
  }
}

/**
 * A dialog that stays open until its form was accepted.
 *
 * What was accepted is shown when the form has something to show; else the dialog closes.
 */
export class FormDialog extends Dialog<void> {
  constructor(
    private readonly form: Form,
    private readonly options: {
      title: string;
      draw: () => JSX.Element;
      accept: string;
      trans: TranslationBundle;
      focus?: string;
      showsResult?: boolean;
    }
  ) {
    super({
      title: options.title,
      body: new Body(form, options.draw),
      buttons: [Dialog.cancelButton(), Dialog.okButton()],
      // What cannot be pressed takes no focus, and without the focus Escape is lost.
      defaultButton: form.isValid ? 1 : 0,
      focusNodeSelector: options.focus
    });
    this.addClass('jp-Dlaas-Dialog');
    form.stateChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.form.dispose();
    super.dispose();
  }

  /**
   * Closed while it is being sent it goes on, for it may have happened already: its end is told instead.
   */
  async launch(): Promise<Dialog.IResult<void>> {
    const closed = await super.launch();
    if (this.form.isBusy) {
      await this.form.submit();
      this._tell();
    }
    return closed;
  }

  /**
   * Enter on a button or in a text of several lines is for that; the dialog would swallow it.
   */
  handleEvent(event: Event): void {
    const isInside =
      event.target instanceof HTMLElement &&
      event.target.matches('button, textarea') &&
      event.target.closest('.jp-Dialog-body') !== null;
    if (isInside && (event as KeyboardEvent).key === 'Enter') {
      return;
    }
    super.handleEvent(event);
  }

  /**
   * A click or Enter: the accepting button sends the form instead of closing the dialog.
   */
  resolve(index?: number): void {
    const accepts = index === undefined || index === 1;
    if (accepts && !this.form.isDone) {
      void this._submit();
      return;
    }
    super.resolve(index);
  }

  private async _submit(): Promise<void> {
    await this.form.submit();
    if (!this.isDisposed && this.form.isDone && !this.options.showsResult) {
      super.resolve(1);
    }
  }

  private _tell(): void {
    const { title, trans } = this.options;
    const { problem } = this.form;
    const words = problem && explain(problem, trans);
    const text = words
      ? `${words.message} ${words.remedy}`
      : trans.__('Accepted.');
    Notification.emit(`${title}: ${text}`, problem ? 'error' : 'success', {
      autoClose: !problem && 5000
    });
  }

  private _onChanged(): void {
    const accept = this.node.querySelector<HTMLButtonElement>(
      'button.jp-mod-accept'
    );
    const cancel = this.node.querySelector<HTMLButtonElement>(
      'button.jp-mod-reject'
    );
    if (!accept || !cancel) {
      return;
    }
    const { isBusy, isDone, isValid } = this.form;
    const { showsResult, trans } = this.options;
    accept.disabled = !isValid;
    // Not disabled while it is sent: the focus would be lost, and Escape with it.
    accept.setAttribute('aria-disabled', String(isBusy || !isValid));
    accept.classList.toggle('jp-mod-busy', isBusy);
    name(accept, isBusy ? trans.__('Sending…') : this.options.accept);
    // What has been sent is not taken back by it.
    name(cancel, isBusy || isDone ? trans.__('Close') : trans.__('Cancel'));
    if (isDone && showsResult && !accept.hidden) {
      accept.hidden = true;
      accept.style.display = 'none';
      cancel.focus();
    }
  }
}

function name(button: HTMLElement, label: string): void {
  (button.querySelector('.jp-Dialog-buttonLabel') ?? button).textContent =
    label;
  button.setAttribute('aria-label', label);
}
