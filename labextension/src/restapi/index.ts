export type { Rows } from '../request';
export * from './basket';
export * from './catalogue';
export * from './logins';
export * from './notebook';
export * from './opendata';
export * from './rules';
export * from './transfers';
export * from './use';
