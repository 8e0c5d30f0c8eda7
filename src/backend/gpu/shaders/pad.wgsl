
// Position in 0..size of one that is mirrored about the edge pixels as often as it takes.
fn mirror(position: i32, size: i32) -> i32 {
    let period = max(2 * (size - 1), 1);
    let p = ((position % period) + period) % period;
    return min(p, period - p);
}

// Border of a constant, of the edge pixel, or mirrored.
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let x = params.origin_x + id.x;
    let y = params.origin_y + id.y;
    let block = params.origin_block + id.z;
    if x >= params.dst.width || y >= params.dst.height {
        return;
    }
    let size = vec2i(vec2u(params.src.width, params.src.height));
    let position = vec2i(vec2u(x, y)) - vec2i(vec2u(params.pad_left, params.pad_top));
    var read = clamp(position, vec2i(), size - 1);
    let to = at(params.dst, block, y, x);
    if PAD == PAD_CONSTANT && any(read != position) {
        dst[to] = real_lanes(vec4<elem>(elem(params.fill)), block, params.dst.channels);
        return;
    }
    if PAD == PAD_REFLECT {
        read = vec2i(mirror(position.x, size.x), mirror(position.y, size.y));
    }
    dst[to] = src[at(params.src, block, u32(read.y), u32(read.x))];
}
