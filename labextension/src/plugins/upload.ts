import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  Notification,
  showErrorMessage
} from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { askDownload } from '../download/index';
import { DownloadModel } from '../download/model';
import { lakeIcon, uploadIcon } from '../icons';
import type { Job } from '../schema';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { TransfersSection } from '../transfers/index';
import { tellProgress, tellTransfers } from '../transfers/notify';
import { DropZone } from '../upload/drop';
import { askUpload } from '../upload/index';
import { UploadModel } from '../upload/model';
import { hasItem, isShown, itemOf, itemProperties, takes } from './item';

type Drives = Contents.IManager;

/**
 * Carries files of the file browser into the lake, and data from it.
 */
export const upload: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:upload',
  description:
    'Uploads files of the file browser into the lake, downloads data from it.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [IFileBrowserFactory, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { contents } = app.serviceManager;
    const { transfers } = lake;
    panel.addSection({
      id: 'transfers',
      widget: new TransfersSection(transfers, trans, panel),
      rank: 20
    });
    const show = (job: Job | null) => {
      if (job) {
        transfers.add(job);
        panel.open('transfers');
      }
    };
    const open = () => panel.open('transfers');
    tellTransfers(transfers, trans, open);
    tellProgress(transfers, () => lake.preferences.tellProgress, trans, open);
    app.commands.addCommand(CommandIDs.upload, {
      label: trans.__('Upload to the data lake…'),
      caption: trans.__('Put the selected files and folders into the lake'),
      icon: uploadIcon,
      isEnabled: args =>
        !!(args.path ?? args.paths) || selected(browsers, contents).length > 0,
      execute: async args => {
        const paths = [args.path ?? args.paths ?? []].flat() as string[];
        const files = paths.length
          ? await Promise.all(
              paths.map(path => contents.get(path, { content: false }))
            )
          : selected(browsers, contents);
        const own = files.filter(({ path }) => isOfServer(contents, path));
        if (!own.length) {
          return;
        }
        await lake.model.refresh();
        const chosen = own.map(file => ({
          path: contents.localPath(file.path),
          name: PathExt.basename(file.path),
          size: file.size ?? null,
          isFolder: file.type === 'directory'
        }));
        show(await askUpload(new UploadModel(lake.model, chosen), trans));
      },
      describedBy: takes({
        path: {
          type: 'string',
          description: trans.__(
            'The path of a file or folder; without it what is selected in the file browser is meant'
          )
        },
        paths: {
          type: 'array',
          items: { type: 'string' },
          description: trans.__('The paths of several')
        }
      })
    });
    app.commands.addCommand(CommandIDs.download, {
      label: trans.__('Download Data…'),
      caption: trans.__('Bring a DID into a folder or into the cache'),
      isVisible: isShown,
      isEnabled: args => hasItem(args, lake.model),
      execute: async args => {
        const item = await itemOf(args, lake.model, trans);
        if (item) {
          const form = new DownloadModel(
            lake.model,
            item,
            folder(browsers, contents)
          );
          show(await askDownload(form, trans));
        }
      },
      describedBy: takes(itemProperties(trans))
    });
    const single = () => {
      const [file, ...others] = selected(browsers, contents);
      return file && !others.length ? contents.localPath(file.path) : null;
    };
    app.commands.addCommand(CommandIDs.showOrigin, {
      label: trans.__('Show in the Data Lake'),
      caption: trans.__('Show the DID that this file came from, or went to'),
      icon: lakeIcon,
      isVisible: () => {
        const path = single();
        return path !== null && transfers.candidates(path).length > 0;
      },
      execute: async () => {
        const path = single();
        const item = path && (await transfers.originOf(path));
        if (item) {
          panel.find(item);
        } else {
          Notification.info(
            trans.__('No transfer of this file is known any more.')
          );
        }
      },
      describedBy: takes()
    });
    if (panel instanceof Widget) {
      panel.node.dataset.drop = trans.__('Upload to the data lake…');
      const upload = (paths: string[]) =>
        void app.commands.execute(CommandIDs.upload, { paths });
      const zone = new DropZone(panel.node, {
        paths: upload,
        files: (files, hasFolder) =>
          void keep(files, hasFolder, browsers, contents, trans).then(
            paths => paths.length && upload(paths)
          )
      });
      panel.disposed.connect(() => zone.dispose());
    }
    lake.model.stateChanged.connect(() =>
      app.commands.notifyCommandChanged(CommandIDs.download)
    );
    const category = trans.__('Data Lake');
    palette?.addItem({ command: CommandIDs.upload, category });
    palette?.addItem({ command: CommandIDs.download, category });
  }
};

/**
 * Put files of the desktop into the folder that the file browser shows; the answer is their paths there.
 */
async function keep(
  files: File[],
  hasFolder: boolean,
  browsers: IFileBrowserFactory | null,
  contents: Drives,
  trans: TranslationBundle
): Promise<string[]> {
  const browser = browsers?.tracker.currentWidget;
  if (hasFolder || !browser || folder(browsers, contents) === null) {
    await showErrorMessage(
      trans.__('Not uploaded'),
      hasFolder
        ? trans.__(
            'Folders of the desktop go to the file browser first: upload their files there, then drop the folder here.'
          )
        : trans.__('Open a folder of this server in the file browser first.')
    );
    return [];
  }
  const kept: string[] = [];
  for (const file of files) {
    try {
      kept.push((await browser.model.upload(file)).path);
    } catch (error) {
      // What is no Error is the person's own “no” to a question of JupyterLab's.
      if (error instanceof Error) {
        await showErrorMessage(trans.__('Not uploaded'), error);
      }
    }
  }
  return kept;
}

/**
 * What is selected, if it lies on the server's own disk.
 */
function selected(
  browsers: IFileBrowserFactory | null,
  contents: Drives
): Contents.IModel[] {
  const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
  return items.every(({ path }) => isOfServer(contents, path)) ? items : [];
}

/**
 * The folder that the file browser shows; null where none of the server's own disk is shown.
 */
function folder(
  browsers: IFileBrowserFactory | null,
  contents: Drives
): string | null {
  const path = browsers?.tracker.currentWidget?.model.path;
  return path !== undefined && isOfServer(contents, path)
    ? contents.localPath(path)
    : null;
}

/**
 * Whether a path is one of the server's own disk; collaboration shows the same as a drive of its own.
 */
function isOfServer(contents: Drives, path: string): boolean {
  return ['', 'RTC'].includes(contents.driveName(path));
}
