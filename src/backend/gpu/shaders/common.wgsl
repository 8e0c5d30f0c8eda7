// What every kernel shares: the parameters of a dispatch and its six bindings.
//
// A value lives in planes of four channels ("blocks"): element `x` of row `y` of block `b` is
// `planes[offset + b * plane + y * row + x]`. Around each plane lies a border of zeros that a
// convolution may read. A picture is plain CHW with one number an element, addressed alike.

struct View {
    offset: u32,
    row: u32,
    plane: u32,
    width: u32,
    height: u32,
    channels: u32,
    blocks: u32,
    spare: u32,
}

struct Params {
    src: View,
    dst: View,
    other: View,
    // Where this dispatch starts: a large piece of work is cut into several dispatches.
    origin_x: u32,
    origin_y: u32,
    origin_block: u32,
    // Convolution: matrices before the first one of `origin_block`'s slice, input blocks that one
    // output block reads, channels of a group.
    first_weight: u32,
    read_blocks: u32,
    group_in: u32,
    group_out: u32,
    // Window of a convolution or the top-left border of a pad.
    pad_top: u32,
    pad_left: u32,
    stride_y: u32,
    stride_x: u32,
    dilation_y: u32,
    dilation_x: u32,
    // Side of the block of a pixel shuffle; factor between `other` and the result.
    shuffle: u32,
    scale: u32,
    first_channel: u32,
    low: f32,
    high: f32,
    fill: f32,
    spare: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> src: array<vec4<elem>>;
@group(0) @binding(1) var<storage, read> src_picture: array<f32>;
@group(0) @binding(2) var<storage, read_write> dst: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read_write> dst_picture: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<vec4<elem>>;
@group(0) @binding(4) var<uniform> weights_uniform: array<mat4x4<elem>, WEIGHTS>;
@group(0) @binding(4) var<storage, read> weights_storage: array<mat4x4<elem>>;
@group(0) @binding(5) var<storage, read> channel: array<vec4<elem>>;

fn at(view: View, block: u32, y: u32, x: u32) -> u32 {
    return view.offset + block * view.plane + y * view.row + x;
}

// Zero in the lanes past the last channel: what follows may multiply them, and zero times
// infinity is not zero.
fn real_lanes(v: vec4<elem>, block: u32, channels: u32) -> vec4<elem> {
    return select(vec4<elem>(), v, vec4u(block * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(channels));
}

// `channel` holds three vectors a block: the bias or constant, and the two of the activation.
fn activate(v: vec4<elem>, block: u32) -> vec4<elem> {
    let a = channel[block * 3u + 1u];
    if ACTIVATION == ACTIVATION_CLIP {
        return min(max(v, a), channel[block * 3u + 2u]);
    }
    if ACTIVATION == ACTIVATION_SIGMOID {
        // Past 80 the exponential of an f32 nears its end, and the result is 0 or 1 already.
        return vec4<elem>(1) / (vec4<elem>(1) + exp(-clamp(v, vec4<elem>(-80), vec4<elem>(80))));
    }
    return max(v, vec4<elem>()) + a * min(v, vec4<elem>());
}
