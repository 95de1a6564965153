import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { progressText } from '../components/state';
import type { IItem } from '../did';
import { splitDID } from '../did';
import type { LakeModel } from '../lake/model';

/**
 * Tell how far data is that was made available, until it has come or is stuck.
 */
export function tellArrival(
  lake: LakeModel,
  item: IItem,
  isWanted: boolean,
  trans: TranslationBundle,
  show: () => void
): void {
  const { did, instance } = item;
  const { name } = splitDID(did);
  const look = lake.statuses.look(instance, did);
  const actions = [
    {
      label: trans.__('Show'),
      caption: trans.__('Show it in the panel'),
      callback: show
    }
  ];
  let told = '';
  let wasOnItsWay = false;
  const end = () => {
    lake.statuses.changed.disconnect(follow);
    look.dispose();
    if (told) {
      Notification.dismiss(told);
    }
  };
  const follow = () => {
    const { isAsking, status } = lake.statuses.get(instance, did);
    if (isAsking || !status) {
      return;
    }
    if (status.state === 'replicating') {
      wasOnItsWay = true;
      if (!isWanted) {
        return;
      }
      const message = trans.__(
        '%1 is on its way: %2',
        name,
        progressText(status, trans)
      );
      const progress = status.available_bytes / (status.bytes || 1);
      // One that the person has closed stays closed.
      if (!Notification.update({ id: told, message, progress }) && !told) {
        told = Notification.emit(message, 'in-progress', {
          autoClose: false,
          progress,
          actions
        });
      }
      return;
    }
    const { state } = status;
    if (!wasOnItsWay && state !== 'available' && state !== 'stuck') {
      // The rule has not been seen yet.
      return;
    }
    end();
    if (state === 'available' && wasOnItsWay) {
      Notification.success(trans.__('%1 is here.', name), {
        actions,
        autoClose: 5000
      });
    } else if (state === 'stuck') {
      Notification.warning(trans.__('%1 is stuck on its way.', name), {
        actions,
        autoClose: false
      });
    }
  };
  lake.statuses.changed.connect(follow);
}
