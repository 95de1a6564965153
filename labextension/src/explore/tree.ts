import type { IPlace, Row } from './group';
import { Group } from './group';

/**
 * A tree of DIDs of which any row can be had by its index, for a view that draws only those in sight.
 */
export class Tree {
  readonly root = new Group();

  get count(): number {
    return this.root.height;
  }

  /**
   * How many rows the search itself found.
   */
  get found(): number {
    return this.root.size;
  }

  row(index: number): Row | null {
    return index >= 0 && index < this.count ? this.root.row(index) : null;
  }

  /**
   * The index of what stands at a place; -1 where that is in something closed, or gone. A note moves on as rows arrive
   * before it; once there is none, what took its place is meant.
   */
  indexOf({ group, kind, position }: IPlace): number {
    const { note, size } = group;
    const at = note && kind === 'note' ? size : position;
    const index = group.indexOf(Math.min(at, note ? size : size - 1));
    if (!group.parent) {
      return group === this.root ? index : -1;
    }
    const { parent } = group;
    const isHere = group.isOpen && parent.branch(group.position) === group;
    const above = isHere
      ? this.indexOf({ group: parent, position: group.position })
      : -1;
    return above < 0 ? -1 : above + 1 + index;
  }

  /**
   * Where the row that holds a row stands.
   */
  parentIndex({ group }: IPlace): number {
    return group.parent
      ? this.indexOf({ group: group.parent, position: group.position })
      : -1;
  }
}
