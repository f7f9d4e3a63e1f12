/**
 * JSON values as `google.protobuf.Struct` and `Value`.
 *
 * Guarantees: what JSON.parse of the same field's JSON text gives: members without a JSON value (undefined) are left out.
 * Numbers are doubles, which is what Struct has. Nesting must be bounded, as the parsers bound it.
 */
import type { Fields } from '../record.js';

/** A `google.protobuf.Value` as protobufjs takes it. */
type StructValue =
  | { readonly nullValue: 0 }
  | { readonly numberValue: number }
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly structValue: Struct }
  | { readonly listValue: { readonly values: StructValue[] } };

/** A `google.protobuf.Struct`. */
interface Struct {
  readonly fields: Readonly<Record<string, StructValue>>;
}

export function structOf(object: Fields | object): Struct {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  // fromEntries defines members, so that one named `__proto__` is a member like any other.
  return { fields: Object.fromEntries(members.map(([name, value]) => [name, jsonValue(value)])) };
}

function jsonValue(value: unknown): StructValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(jsonValue) } };
  if (typeof value === 'object' && value !== null) return { structValue: structOf(value) };
  return { nullValue: 0 };
}
