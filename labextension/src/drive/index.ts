import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { FileBrowser, FilterFileBrowserModel } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { ITranslator } from '@jupyterlab/translation';
import { treeViewIcon } from '@jupyterlab/ui-components';

import type { IDataLake, IDataLakePanel } from '../tokens';
import { DRIVE, LakeDrive } from './drive';
import { placeOf } from './paths';

/**
 * Add a file browser of its own for the lake.
 *
 * It is no browser of the factory's: JupyterLab would make new files in it, and delete the files of another one.
 */
export function makeDrive(
  app: JupyterFrontEnd,
  lake: IDataLake,
  panel: IDataLakePanel,
  { model: { manager } }: IDefaultFileBrowser,
  translator: ITranslator
): FileBrowser {
  const trans = translator.load('jupyter_dlaas');
  const { contents } = app.serviceManager;
  // A drive cannot be taken away again.
  if (!drives.has(contents)) {
    contents.addDrive(
      new LakeDrive(
        lake.model,
        () => lake.preferences.searchLimit,
        trans.__('The lake is for reading here. Use the panel to upload.')
      )
    );
    drives.add(contents);
  }
  const browser: FileBrowser = new FileBrowser({
    id: 'jupyter-dlaas-drive',
    model: new FilterFileBrowserModel({
      manager,
      driveName: DRIVE,
      auto: false,
      translator,
      refreshInterval: 300_000,
      refreshStandby: () => !browser?.isVisible
    }),
    translator
  });
  browser.title.icon = treeViewIcon;
  browser.showLastModifiedColumn = false;
  browser.title.caption = trans.__('The data lake as folders');
  // JupyterLab's menu would act on the other browser's files.
  browser.node.dataset.jpSuppressContextMenu = '';
  const open = (event: Event, items: Iterable<Contents.IModel>) => {
    const [item] = items;
    const { instance } = lake.model;
    if (item?.type === 'file' && instance) {
      event.preventDefault();
      event.stopPropagation();
      const { name, scope } = placeOf(contents.localPath(item.path));
      panel.find({ did: `${scope}:${name}`, instance: instance.name });
    }
  };
  browser.node.addEventListener(
    'dblclick',
    event => {
      const item = browser.modelForClick(event);
      open(event, item ? [item] : []);
    },
    true
  );
  browser.node.addEventListener(
    'keydown',
    event => event.key === 'Enter' && open(event, browser.selectedItems()),
    true
  );
  app.shell.add(browser, 'left', { rank: 460 });
  void browser.model.cd();
  return browser;
}

const drives = new WeakSet<Contents.IManager>();
