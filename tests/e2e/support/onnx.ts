/** A field of a protobuf message: text, bytes or a nested message as a length and its bytes; a number as a varint. */
type Field = readonly [number: number, value: number | string | Buffer];

function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number << 3), varint(value)];
      const bytes = Buffer.from(value);
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

/** An ONNX model of one node from `x` to `y`, both float 1 x 1 x h x w. Field numbers are those of onnx.proto. */
export function oneNode(operator: string): Buffer {
  const dimensions = [message([1, 1]), message([1, 1]), message([2, 'h']), message([2, 'w'])].map((dimension): Field => [1, dimension]);
  const value = (name: string): Buffer => message([1, name], [2, message([1, message([1, 1], [2, message(...dimensions)])])]);
  const graph = message([1, message([1, 'x'], [2, 'y'], [3, 'only node'], [4, operator])], [2, 'graph'], [11, value('x')], [12, value('y')]);
  return message([1, 8], [7, graph], [8, message([1, ''], [2, 17])]);
}
