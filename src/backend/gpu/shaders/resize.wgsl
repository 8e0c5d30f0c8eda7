
// Enlargement by a whole factor. The operand is bound as `other`, where `sample` reads.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    dst[at(params.dst, block, y, x)] = sample(block, y, x);
}
