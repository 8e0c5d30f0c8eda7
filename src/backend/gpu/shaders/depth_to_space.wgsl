
// Pixel shuffle within the network.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    let side = params.shuffle;
    let part = y % side * side + x % side;
    var v = vec4<elem>();
    for (var lane = 0u; lane < min(4u, params.dst.channels - block * 4u); lane++) {
        var from_channel = (block * 4u + lane) * side * side + part;
        if ORDER == ORDER_DCR {
            from_channel = part * params.dst.channels + block * 4u + lane;
        }
        v[lane] = src[at(params.src, from_channel / 4u, y / side, x / side)][from_channel % 4u];
    }
    dst[at(params.dst, block, y, x)] = v;
}
