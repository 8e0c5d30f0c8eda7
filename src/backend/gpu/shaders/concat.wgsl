
// Copies the channels of a value into those of the result that start at `first_channel`. One
// dispatch an operand, in order: a block that two operands share keeps what the first wrote.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    let to = at(params.dst, block, y, x);
    if params.first_channel % 4u == 0u {
        // The last block's empty lanes are zero in the source.
        dst[to] = src[at(params.src, block - params.first_channel / 4u, y, x)];
        return;
    }
    var v = vec4<elem>();
    if block * 4u < params.first_channel {
        v = dst[to];
    }
    for (var lane = 0u; lane < 4u; lane++) {
        // Below the first channel this wraps to a huge number.
        let from_channel = block * 4u + lane - params.first_channel;
        if from_channel < params.src.channels {
            v[lane] = src[at(params.src, from_channel / 4u, y, x)][from_channel % 4u];
        }
    }
    dst[to] = v;
}
