/**
 * The height that every browser draws; Firefox ends at 17.9 million pixels, which 745,000 rows reach.
 */
const MOST = 12_000_000;
const PAGE = 5_000_000;

/**
 * Scrolls a list that is higher than a browser can draw: near where one is pixel by pixel, far by the share of the way.
 *
 * What is drawn is moved up by `shift`, which changes from page to page of the list.
 */
export class Scroll {
  /**
   * The height that is drawn for a list.
   */
  static drawn(height: number): number {
    return Math.min(height, MOST);
  }

  get shift(): number {
    return this._shift;
  }

  /**
   * The pixel of the list that is at the top.
   */
  get place(): number {
    return this._top + this._shift;
  }

  /**
   * Follow where the browser scrolled to; the answer is where it has to be put instead.
   */
  follow(top: number, height: number, view: number): number {
    const isNear = Math.abs(top - this._top) < view;
    const hidden = Math.max(Scroll.drawn(height) - view, 1);
    return this.to(
      isNear ? top + this._shift : (top / hidden) * (height - view),
      height,
      view
    );
  }

  /**
   * Go to a place in the list; the answer is where the browser has to be put.
   */
  to(place: number, height: number, view: number): number {
    const over = Math.max(height - MOST, 0);
    const at = Math.max(Math.min(place, height - view), 0);
    const pages = Math.ceil(height / PAGE) - 1;
    const page = Math.min(Math.floor((at / height) * (pages + 1)), pages);
    this._shift = over ? Math.round((over * page) / pages) : 0;
    this._top = at - this._shift;
    return this._top;
  }

  private _shift = 0;
  private _top = 0;
}
