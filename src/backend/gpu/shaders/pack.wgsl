
// A picture into planes of four channels.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    var v = vec4<elem>();
    for (var lane = 0u; lane < min(4u, params.dst.channels - block * 4u); lane++) {
        v[lane] = elem(src_picture[at(params.src, block * 4u + lane, y, x)]);
    }
    dst[at(params.dst, block, y, x)] = v;
}
