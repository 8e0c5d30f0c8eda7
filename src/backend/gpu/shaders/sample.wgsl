
// Bilinear value of the four channels of `block` of `other` for pixel (x, y) of a picture `scale`
// times as large; edges are clamped.
fn sample_linear(block: u32, y: u32, x: u32, centre: f32) -> vec4<elem> {
    let last = vec2f(vec2u(params.other.width, params.other.height) - 1u);
    let position = clamp((vec2f(vec2u(x, y)) + centre) / f32(params.scale) - centre, vec2f(), last);
    let low = vec2u(position);
    let high = min(low + 1u, vec2u(last));
    let part = vec2<elem>(position - vec2f(low));
    let top = mix(other[at(params.other, block, low.y, low.x)], other[at(params.other, block, low.y, high.x)], part.x);
    let bottom = mix(other[at(params.other, block, high.y, low.x)], other[at(params.other, block, high.y, high.x)], part.x);
    return mix(top, bottom, part.y);
}

fn sample(block: u32, y: u32, x: u32) -> vec4<elem> {
    if RESIZE == RESIZE_LINEAR {
        return sample_linear(block, y, x, 0.5);
    }
    if RESIZE == RESIZE_ASYMMETRIC {
        return sample_linear(block, y, x, 0.0);
    }
    return other[at(params.other, block, y / params.scale, x / params.scale)];
}
