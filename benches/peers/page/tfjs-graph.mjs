/**
 * A network of benches/nets (`channels_last.rs` describes the format) on TF.js. A convolution takes the activation that
 * follows it with it where TF.js has the two fused, as its own converter would do.
 */
export function build(tf, { nodes, output }, weights) {
  const readers = new Map();
  for (const { inputs } of nodes) for (const id of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const tensors = [];
  const take = (place, shape) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const tensor = tf.tensor(weights.slice(place, place + length), shape);
    tensors.push(tensor);
    return tensor;
  };
  const steps = [];
  for (let index = 0; index < nodes.length; index += 1) {
    const node = nodes[index];
    const next = nodes[index + 1];
    if (node.op !== 'conv') {
      steps.push({ makes: index + 1, run: other(tf, node, take) });
      continue;
    }
    const fuses = next?.inputs[0] === index + 1 && readers.get(index + 1) === 1 && output !== index + 1;
    const fused = fuses ? fusion(next, take) : undefined;
    steps.push({ makes: index + (fused ? 2 : 1), run: convolution(tf, node, take, fused) });
    if (fused) index += 1;
  }
  return {
    /** Inside of `tf.tidy`. */
    run(input) {
      const values = new Map([[0, input]]);
      for (const { makes, run } of steps) values.set(makes, run(values));
      return values.get(output);
    },
    dispose() {
      for (const tensor of tensors) tensor.dispose();
    },
  };
}

/** The activation as options of a fused convolution, where there is such a one. */
function fusion(node, take) {
  switch (node.op) {
    case 'prelu':
      return { activation: 'prelu', preluActivationWeights: take(node.slope, [1, 1, node.channels]) };
    case 'leaky':
      return { activation: 'leakyrelu', leakyreluAlpha: node.alpha };
    case 'relu':
    case 'sigmoid':
      return { activation: node.op };
    default:
      return undefined;
  }
}

function convolution(tf, node, take, fused) {
  const filter = take(node.weight, [...node.kernel, node.in, node.out]);
  const bias = take(node.bias, [node.out]);
  const [from] = node.inputs;
  return (values) => tf.fused.conv2d({ x: values.get(from), filter, bias, strides: 1, pad: 'same', ...fused });
}

function other(tf, node, take) {
  const [a, b] = node.inputs;
  switch (node.op) {
    case 'prelu': {
      const slope = take(node.slope, [1, 1, node.channels]);
      return (values) => tf.prelu(values.get(a), slope);
    }
    case 'leaky':
      return (values) => tf.leakyRelu(values.get(a), node.alpha);
    case 'clip':
      return (values) => tf.clipByValue(values.get(a), node.low, node.high);
    case 'relu':
    case 'sigmoid':
      return (values) => tf[node.op](values.get(a));
    case 'add':
    case 'sub':
    case 'mul':
      return (values) => tf[node.op](values.get(a), values.get(b));
    case 'shuffle':
      return (values) => tf.depthToSpace(values.get(a), node.block, 'NHWC');
    case 'nearest':
      return (values) => {
        const [, height, width] = values.get(a).shape;
        return tf.image.resizeNearestNeighbor(values.get(a), [height * node.scale, width * node.scale]);
      };
    default:
      throw new Error(`The operation ${node.op} is not known here`);
  }
}
