
fn weight(i: u32) -> mat4x4<elem> {
    return weights_storage[i];
}
