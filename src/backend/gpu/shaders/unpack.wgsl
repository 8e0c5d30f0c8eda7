
// Planes of four channels into a picture.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    let v = src[at(params.src, block, y, x)];
    for (var lane = 0u; lane < min(4u, params.dst.channels - block * 4u); lane++) {
        dst_picture[at(params.dst, block * 4u + lane, y, x)] = f32(v[lane]);
    }
}
