import type { MimeData } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

/**
 * What the file browser drags.
 */
const CONTENTS = 'application/x-jupyter-icontents';

/**
 * A drag within JupyterLab, as far as it is needed.
 */
interface IDrag extends DragEvent {
  mimeData: MimeData;
  dropAction: string;
  proposedAction: string;
}

/**
 * Lets files be dropped on a node: those of the file browser, and those of the desktop.
 */
export class DropZone implements IDisposable {
  constructor(
    private readonly node: HTMLElement,
    private readonly takes: {
      paths: (paths: string[]) => void;
      files: (files: File[], hasFolder: boolean) => void;
    }
  ) {
    EVENTS.forEach(name => node.addEventListener(name, this));
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    EVENTS.forEach(name => this.node.removeEventListener(name, this));
  }

  handleEvent(event: Event): void {
    const drag = event as IDrag;
    const isOurs = drag.mimeData?.hasData(CONTENTS);
    if (!isOurs && !drag.dataTransfer?.types.includes('Files')) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const what = event.type.replace('lm-', '');
    const to = drag.relatedTarget as Node | null;
    this.node.classList.toggle(
      'jp-mod-dropping',
      what === 'dragenter' ||
        what === 'dragover' ||
        (what === 'dragleave' && this.node.contains(to))
    );
    if (isOurs) {
      drag.dropAction = drag.proposedAction;
    }
    if (what !== 'drop') {
      return;
    }
    if (isOurs) {
      this.takes.paths(drag.mimeData.getData(CONTENTS) as string[]);
      return;
    }
    const { files, items } = drag.dataTransfer!;
    const hasFolder = [...items].some(
      item => item.webkitGetAsEntry?.()?.isDirectory
    );
    this.takes.files([...files], hasFolder);
  }

  private _isDisposed = false;
}

const EVENTS = ['dragenter', 'dragover', 'dragleave', 'drop'].flatMap(name => [
  name,
  `lm-${name}`
]);
