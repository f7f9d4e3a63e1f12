/**
 * `etc/record.proto` as protobufjs' JSON descriptor, and what that imports.
 *
 * Guarantees: the same messages as in `etc/record.proto`, which a test compares; names in camel case, as protobufjs has
 * them. Here so that the collector needs neither a file nor protobufjs' parser to start.
 */
import type { AnyNestedObject, IMapField, INamespace } from 'protobufjs';

const structFields: IMapField = { keyType: 'string', type: 'Value', id: 1 };

/** https://protobuf.dev/reference/protobuf/google.protobuf/; protobufjs has them only beside its parser. */
const wellKnownTypes: Record<string, AnyNestedObject> = {
  Timestamp: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
  Struct: { fields: { fields: structFields } },
  Value: {
    oneofs: {
      kind: { oneof: ['nullValue', 'numberValue', 'stringValue', 'boolValue', 'structValue', 'listValue'] },
    },
    fields: {
      nullValue: { type: 'NullValue', id: 1 },
      numberValue: { type: 'double', id: 2 },
      stringValue: { type: 'string', id: 3 },
      boolValue: { type: 'bool', id: 4 },
      structValue: { type: 'Struct', id: 5 },
      listValue: { type: 'ListValue', id: 6 },
    },
  },
  NullValue: { values: { NULL_VALUE: 0 } },
  ListValue: { fields: { values: { rule: 'repeated', type: 'Value', id: 1 } } },
};

export const recordDescriptor: INamespace = {
  nested: {
    google: { nested: { protobuf: { nested: wellKnownTypes } } },
    logagg: {
      nested: {
        LogRecord: {
          fields: {
            id: { type: 'string', id: 1 },
            time: { type: 'google.protobuf.Timestamp', id: 2 },
            host: { type: 'string', id: 3 },
            path: { type: 'string', id: 4 },
            message: { type: 'bytes', id: 5 },
            writer: { type: 'Writer', id: 6 },
            chunk: { type: 'string', id: 7 },
            offset: { type: 'uint64', id: 8 },
            fields: { type: 'google.protobuf.Struct', id: 9 },
            tags: { rule: 'repeated', type: 'string', id: 10 },
            part: { type: 'Part', id: 11 },
            parseError: { type: 'string', id: 12 },
          },
        },
        Writer: {
          fields: {
            pid: { type: 'uint32', id: 1 },
            uid: { type: 'uint32', id: 2 },
            gid: { type: 'uint32', id: 3 },
            user: { type: 'string', id: 4 },
            group: { type: 'string', id: 5 },
            command: { type: 'string', id: 6 },
          },
        },
        Part: {
          fields: {
            index: { type: 'uint32', id: 1 },
            isLast: { type: 'bool', id: 2 },
          },
        },
      },
    },
  },
};
