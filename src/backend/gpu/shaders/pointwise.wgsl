
// Arithmetic of two values, or of a value and a constant, or neither; then the activation.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    var v = src[at(params.src, block, y, x)];
    var right = channel[block * 3u];
    if OPERAND == OPERAND_VALUE {
        right = other[at(params.other, block, y, x)];
    }
    if ARITHMETIC == ARITHMETIC_ADD {
        v = v + right;
    }
    if ARITHMETIC == ARITHMETIC_SUB {
        v = v - right;
    }
    if ARITHMETIC == ARITHMETIC_SUB_FROM {
        v = right - v;
    }
    if ARITHMETIC == ARITHMETIC_MUL {
        v = v * right;
    }
    dst[at(params.dst, block, y, x)] = real_lanes(activate(v, block), block, params.dst.channels);
}
