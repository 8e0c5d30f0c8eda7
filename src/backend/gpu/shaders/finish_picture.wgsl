
// End of the last convolution: pixel shuffle, the enlarged anchor added, limits, and the result as
// a picture. A shuffle of 1 is none.
fn finish(sum: vec4<elem>, block: u32, y: u32, x: u32) {
    let side = params.shuffle;
    if x * side >= params.dst.width || y * side >= params.dst.height {
        return;
    }
    let v = ended(sum, block, y, x);
    let area = side * side;
    for (var lane = 0u; lane < 4u; lane++) {
        let from_channel = block * 4u + lane;
        if from_channel >= params.dst.channels * area {
            return;
        }
        var to_channel = from_channel / area;
        var part = from_channel % area;
        if ORDER == ORDER_DCR {
            to_channel = from_channel % params.dst.channels;
            part = from_channel / params.dst.channels;
        }
        let to_y = y * side + part / side;
        let to_x = x * side + part % side;
        var value = f32(v[lane]);
        if RESIDUAL == RESIDUAL_ANCHOR {
            value += f32(sample(to_channel / 4u, to_y, to_x)[to_channel % 4u]);
        }
        dst_picture[at(params.dst, to_channel, to_y, to_x)] = clamp(value, params.low, params.high);
    }
}
