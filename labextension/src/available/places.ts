import type { LakeModel } from '../lake/model';
import { listQoS, listRSEs } from '../restapi';
import type { QoS, RSE, RuleMoveRequest } from '../schema';

/**
 * Where data can be put.
 */
export interface IPlaces {
  qos: QoS[];
  rses: RSE[];
}

/**
 * The places of an instance; RSEs that take nothing are none.
 */
export async function listPlaces(
  lake: LakeModel,
  instance: string
): Promise<IPlaces> {
  const [qos, rses] = await lake.guard(
    Promise.all([
      listQoS(lake.settings, instance),
      listRSEs(lake.settings, instance)
    ])
  );
  return { qos, rses: rses.filter(({ writable }) => writable) };
}

/**
 * A chosen place as requests say it: `qos:LABEL`, `rse:NAME`, or nothing for the usual one.
 */
export function placeOf(chosen: string): RuleMoveRequest {
  const name = chosen.slice(4);
  if (!name) {
    return {};
  }
  return chosen.startsWith('qos:') ? { qos: name } : { rse_expression: name };
}
