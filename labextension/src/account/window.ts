import { URLExt } from '@jupyterlab/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { PendingLogin } from '../schema';

const LOOK = 500;

/**
 * What opens a window, as `window.open` does.
 */
export type Opener = (
  url: string,
  target: string,
  features: string
) => Window | null;

/**
 * A window for the pages of an identity provider, which have no hold on this one.
 *
 * It has to be opened in the click itself, else browsers block it: empty at first, then sent to where one logs in.
 */
export class LoginWindow implements IDisposable {
  constructor(text: string, open: Opener = openApart) {
    const page = open('', '_blank', features());
    if (!page || page.closed) {
      return;
    }
    this._page = page;
    this._state = 'open';
    try {
      page.document.title = text;
      page.document.body.textContent = text;
    } catch {
      // Some shells open their windows apart from us: then it stays without words.
    }
  }

  /**
   * A signal emitted when the window was closed, or is out of our sight.
   */
  get gone(): ISignal<this, void> {
    return this._gone;
  }

  get state(): 'blocked' | 'open' | 'gone' {
    return this._state;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /**
   * Send it to a page.
   */
  go(url: string): void {
    if (!this._page || this._isDisposed) {
      return;
    }
    // In place of the empty page, so that "back" does not lead there.
    this._page.location.replace(url);
    this._timer = window.setInterval(() => this._look(), LOOK);
  }

  /**
   * Close it.
   */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._timer);
    this._page?.close();
    Signal.clearData(this);
  }

  private _look(): void {
    // A provider may cut the tie by its opener policy: then an open window seems to be closed, too.
    if (this._page?.closed) {
      window.clearInterval(this._timer);
      this._state = 'gone';
      this._gone.emit();
    }
  }

  private _page: Window | null = null;
  private _state: 'blocked' | 'open' | 'gone' = 'blocked';
  private _timer = 0;
  private _gone = new Signal<this, void>(this);
  private _isDisposed = false;
}

/**
 * The page on which a login goes on: our own way to it, or the provider's; what is no address of the web is none.
 */
export function pageOf(pending: PendingLogin, baseUrl: string): string | null {
  if (pending.kind === 'popup') {
    return URLExt.join(baseUrl, pending.url);
  }
  return /^https?:\/\//i.test(pending.url) ? pending.url : null;
}

let frame: HTMLIFrameElement | null = null;

/**
 * Make ready for a click that opens a window: the frame that opens it has to be there before.
 *
 * A page may send its opener elsewhere, and can be closed only by whom it was opened: so it is not this page itself, but an empty frame in it.
 */
export function prepareWindow(): void {
  if (!frame?.isConnected) {
    frame = document.createElement('iframe');
    frame.hidden = true;
    frame.setAttribute(
      'sandbox',
      'allow-same-origin allow-popups allow-popups-to-escape-sandbox'
    );
    document.body.append(frame);
  }
}

function openApart(...args: Parameters<Opener>): Window | null {
  const apart = frame?.contentWindow?.open(...args);
  if (apart) {
    return apart;
  }
  // Then nothing can close it, but it has no hold on this page either.
  const page = window.open(...args);
  if (page) {
    page.opener = null;
  }
  return page;
}

/**
 * A window in the middle of this one.
 */
function features(): string {
  const [width, height] = [560, 720];
  const left = Math.round(window.screenX + (window.outerWidth - width) / 2);
  const top = Math.round(window.screenY + (window.outerHeight - height) / 2);
  return `popup,width=${width},height=${height},left=${left},top=${top}`;
}
