/** One schema as a function. `errors` holds what the last call found. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ValidationError[] | null;
}
/** ajv's `ErrorObject`, as far as it is read. */
export interface ValidationError {
  instancePath: string;
  keyword: string;
  params: Record<string, unknown>;
  message?: string;
}
export type Part =
  'notebook' | 'code' | 'markdown' | 'raw' | 'execute_result' | 'display_data' | 'stream' | 'error';

/** By minor version, 4.0 to 4.5; behind them one for all later ones. Made by `scripts/notebook-schemas.mjs`. */
export const validators: Record<Part, Validator>[];
