//! XMP packets: what enlarging changes in them, what must not go on with a picture, and the two parts that a JPEG's may have.
//!
//! A packet is read as XML with its namespaces and written back as it was but for what changes. No entity is expanded, and
//! a packet with a document type is refused. Source: ISO 16684-1; Adobe XMP Specification, parts 2 and 3.

use super::density::{Density, DensityUnit};
use quick_xml::NsReader;
use quick_xml::Writer;
use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::name::ResolveResult;

/// What a packet in a JPEG's segment begins with.
pub(super) const SEGMENT: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// What a part of an extension there begins with.
pub(super) const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const IPTC_CORE: &str = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
const IPTC_EXTENSION: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
/// How deep the properties of the picture lie, below `x:xmpmeta`, `rdf:RDF` and `rdf:Description`. What lies deeper is
/// about other pictures.
const PROPERTY: usize = 4;

enum Rule {
    Keep,
    Drop,
    Set(String),
}

/// Makes the packet say what is true of the result: upright, `width` x `height` pixels, its density. Its thumbnails go:
/// they show the picture as it was. What is not stated is not added.
///
/// `None` for a packet that is no sound XML.
pub(super) fn describe(packet: &[u8], width: u32, height: u32, density: Option<Density>) -> Option<Vec<u8>> {
    rewrite(packet, |namespace, name, depth| {
        let number = |value: u32| Rule::Set(value.to_string());
        match (namespace, name) {
            (XMP, "Thumbnails") | (NOTE, "HasExtendedXMP") => Rule::Drop,
            _ if depth > PROPERTY => Rule::Keep,
            (TIFF, "Orientation") => number(1),
            (TIFF, "ImageWidth") | (EXIF, "PixelXDimension") => number(width),
            (TIFF, "ImageLength") | (EXIF, "PixelYDimension") => number(height),
            (TIFF, "XResolution") => density.map_or(Rule::Keep, |d| Rule::Set(ratio(d.x))),
            (TIFF, "YResolution") => density.map_or(Rule::Keep, |d| Rule::Set(ratio(d.y))),
            (TIFF, "ResolutionUnit") => density.map_or(Rule::Keep, |d| number(if d.unit == DensityUnit::Inch { 2 } else { 3 })),
            _ => Rule::Keep,
        }
    })
}

fn ratio(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}/1") } else { format!("{:.0}/10000", value * 10_000.0) }
}

/// The packet without what says where the picture was taken; `None` for a packet that is no sound XML.
pub(super) fn without_location(packet: &[u8]) -> Option<Vec<u8>> {
    rewrite(packet, |namespace, name, _| if is_location(namespace, name) { Rule::Drop } else { Rule::Keep })
}

fn is_location(namespace: &str, name: &str) -> bool {
    match namespace {
        PHOTOSHOP if matches!(name, "City" | "State" | "Country") => true,
        IPTC_CORE if matches!(name, "Location" | "CountryCode") => true,
        IPTC_EXTENSION if name.starts_with("Location") => true,
        _ => {
            // Makers of cameras and drones have properties of their own for this.
            let name = name.to_ascii_lowercase();
            name.starts_with("gps") || ["latitude", "longitude", "geotag"].iter().any(|word| name.contains(word))
        }
    }
}

/// Writes the packet anew; `rule` decides by namespace, local name and depth of each property, be it element or attribute.
fn rewrite(packet: &[u8], rule: impl Fn(&str, &str, usize) -> Rule) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(packet).ok()?.trim_end_matches('\0');
    let mut reader = NsReader::from_str(text);
    let mut writer = Writer::new(Vec::with_capacity(text.len()));
    let (mut depth, mut seen) = (0, false);
    loop {
        let event = reader.read_event().ok()?;
        match event {
            Event::Start(start) => {
                seen = true;
                match decide(&reader, &start, depth + 1, &rule) {
                    Rule::Keep => {
                        depth += 1;
                        writer.write_event(Event::Start(attributes(&reader, &start, depth, &rule)?)).ok()?;
                    }
                    Rule::Drop => {
                        reader.read_to_end(start.name()).ok()?;
                    }
                    Rule::Set(value) => {
                        let end = start.to_end().into_owned();
                        writer.write_event(Event::Start(start.borrow())).ok()?;
                        writer.write_event(Event::Text(BytesText::new(&value))).ok()?;
                        reader.read_to_end(start.name()).ok()?;
                        writer.write_event(Event::End(end)).ok()?;
                    }
                }
            }
            Event::Empty(start) => {
                seen = true;
                if !matches!(decide(&reader, &start, depth + 1, &rule), Rule::Drop) {
                    writer.write_event(Event::Empty(attributes(&reader, &start, depth + 1, &rule)?)).ok()?;
                }
            }
            Event::End(end) => {
                depth = depth.checked_sub(1)?;
                writer.write_event(Event::End(end)).ok()?;
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            other => writer.write_event(other).ok()?,
        }
    }
    (seen && depth == 0).then(|| writer.into_inner())
}

fn decide(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, depth: usize, rule: &impl Fn(&str, &str, usize) -> Rule) -> Rule {
    match reader.resolver().resolve_element(start.name()) {
        (ResolveResult::Bound(namespace), name) => rule(namespace.as_ref(), name.as_ref(), depth),
        _ => Rule::Keep,
    }
}

/// The start of an element with its attributes, which may be properties of the next level.
fn attributes<'a>(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'a>,
    depth: usize,
    rule: &impl Fn(&str, &str, usize) -> Rule,
) -> Option<BytesStart<'a>> {
    let mut content = start.name().as_ref().to_owned();
    let name_len = content.len();
    let mut changed = false;
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let decision = match reader.resolver().resolve_attribute(attribute.key) {
            (ResolveResult::Bound(namespace), name) => rule(namespace.as_ref(), name.as_ref(), depth + 1),
            _ => Rule::Keep,
        };
        let value = match decision {
            Rule::Keep => attribute.value.to_string(),
            Rule::Drop => {
                changed = true;
                continue;
            }
            Rule::Set(value) => {
                changed = true;
                value
            }
        };
        let quote = if value.contains('"') { "'" } else { "\"" };
        content.extend([" ", attribute.key.as_ref(), "=", quote, &value, quote]);
    }
    Some(if changed { BytesStart::from_content(content, name_len) } else { start.clone() })
}

/// The digest that a JPEG's main packet names its extension by; `None` where it names none, or is no sound XML.
pub(super) fn extension_of(packet: &[u8]) -> Option<String> {
    let found = std::cell::RefCell::new(None);
    // The value is not seen by the rule, so it is looked for in the attribute or the element itself.
    rewrite(packet, |namespace, name, _| {
        if (namespace, name) == (NOTE, "HasExtendedXMP") {
            *found.borrow_mut() = Some(());
        }
        Rule::Keep
    })?;
    found.into_inner()?;
    let text = std::str::from_utf8(packet).ok()?;
    let after = &text[text.rfind("HasExtendedXMP=").or_else(|| text.find("HasExtendedXMP"))? + "HasExtendedXMP".len()..];
    let digits: String = after.trim_start_matches(['=', '"', '\'', '>', ' ', '\n']).chars().take_while(char::is_ascii_hexdigit).collect();
    (digits.len() == 32).then_some(digits)
}

/// One packet of a main one and its extension: the descriptions of both, under one root.
pub(super) fn merge(main: &[u8], extension: &[u8]) -> Option<Vec<u8>> {
    let descriptions = descriptions(extension)?;
    let main = rewrite(main, |namespace, name, _| if (namespace, name) == (NOTE, "HasExtendedXMP") { Rule::Drop } else { Rule::Keep })?;
    let text = std::str::from_utf8(&main).ok()?;
    let mut reader = NsReader::from_str(text);
    loop {
        let before = usize::try_from(reader.buffer_position()).ok()?;
        match reader.read_resolved_event().ok()? {
            (ResolveResult::Bound(namespace), Event::End(end)) if namespace.as_ref() == RDF && end.local_name().as_ref() == "RDF" => {
                return Some([&main[..before], &descriptions, &main[before..]].concat());
            }
            (_, Event::Eof) => return None,
            _ => {}
        }
    }
}

/// The elements within `rdf:RDF`, each with the namespaces that elements around it declare.
fn descriptions(packet: &[u8]) -> Option<Vec<u8>> {
    let packet = rewrite(packet, |_, _, _| Rule::Keep)?;
    let mut reader = NsReader::from_str(std::str::from_utf8(&packet).ok()?);
    let mut writer = Writer::new(Vec::new());
    let mut declared: Vec<(String, String)> = Vec::new();
    let (mut depth, mut root) = (0_usize, None);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                depth += 1;
                match root {
                    None => {
                        let bindings = start.attributes().flatten().filter(|a| a.key.as_namespace_binding().is_some());
                        declared.extend(bindings.map(|a| (a.key.as_ref().to_owned(), a.value.to_string())));
                        let is_root = matches!(reader.resolver().resolve_element(start.name()), (ResolveResult::Bound(n), name) if n.as_ref() == RDF && name.as_ref() == "RDF");
                        root = is_root.then_some(depth);
                    }
                    Some(root) if depth == root + 1 => writer.write_event(Event::Start(with_namespaces(&start, &declared))).ok()?,
                    Some(_) => writer.write_event(Event::Start(start)).ok()?,
                }
            }
            Event::Empty(start) if root == Some(depth) => writer.write_event(Event::Empty(with_namespaces(&start, &declared))).ok()?,
            Event::End(_) if root == Some(depth) => return Some(writer.into_inner()),
            Event::End(end) => {
                depth = depth.checked_sub(1)?;
                if root.is_some() {
                    writer.write_event(Event::End(end)).ok()?;
                }
            }
            Event::Eof => return None,
            other if root.is_some() => writer.write_event(other).ok()?,
            _ => {}
        }
    }
}

fn with_namespaces(start: &BytesStart<'_>, declared: &[(String, String)]) -> BytesStart<'static> {
    let mut out = start.to_owned();
    for (key, value) in declared {
        let own = start.attributes().flatten().any(|a| a.key.as_ref() == key);
        if !own {
            // Values are raw already: a URI with `&` came in escaped.
            let content = format!("{} {key}=\"{value}\"", &*out);
            out = BytesStart::from_content(content, out.name().as_ref().len());
        }
    }
    out
}

/// A packet as the two parts that a JPEG needs where it is too long for one segment: a main packet that only names the
/// other, the digest that it is named by, and the other without its processing instructions.
pub(super) fn split(packet: &[u8]) -> Option<(Vec<u8>, String, Vec<u8>)> {
    let text = std::str::from_utf8(packet).ok()?;
    let mut reader = NsReader::from_str(text);
    let mut writer = Writer::new(Vec::with_capacity(text.len()));
    loop {
        match reader.read_event().ok()? {
            Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
            other => writer.write_event(other).ok()?,
        }
    }
    let extension = writer.into_inner().trim_ascii().to_vec();
    let digest = format!("{:X}", md5::compute(&extension));
    let main = format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\">\
         <rdf:Description rdf:about=\"\" xmlns:xmpNote=\"{NOTE}\" xmpNote:HasExtendedXMP=\"{digest}\"/></rdf:RDF></x:xmpmeta>\
         <?xpacket end=\"w\"?>"
    );
    Some((main.into_bytes(), digest, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:t="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dji="http://www.dji.com/drone-dji/1.0/"
 t:Orientation="6" exif:GPSLatitude="48,51.5N" photoshop:City='Paris' photoshop:Credit='Jo "J" &amp; Co' dji:GpsLongtitude="2.3">
<t:XResolution>72/1</t:XResolution><exif:PixelXDimension>100</exif:PixelXDimension>
<l:LocationCreated xmlns:l="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><rdf:Bag><rdf:li l:City="Lyon"/></rdf:Bag></l:LocationCreated>
<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">Near &lt;Paris&gt;</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"#;

    fn text(bytes: Option<Vec<u8>>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn describes_elements_and_attributes_whatever_their_prefix() {
        let out = text(describe(PACKET.as_bytes(), 400, 300, Density::new(118.11, 118.11, DensityUnit::Centimetre)));
        for part in ["t:Orientation=\"1\"", "<t:XResolution>1181100/10000</t:XResolution>", "<exif:PixelXDimension>400</exif:PixelXDimension>"] {
            assert!(out.contains(part), "{part} in {out}");
        }
        for part in ["photoshop:Credit='Jo \"J\" &amp; Co'", "Near &lt;Paris&gt;", "exif:GPSLatitude", "<?xpacket end=\"w\"?>"] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(!out.contains("PixelYDimension"), "what was not there is not added");
    }

    #[test]
    fn the_place_goes_and_the_rest_stays() {
        let out = text(without_location(PACKET.as_bytes()));
        for word in ["48,51", "\"Paris\"", "'Paris'", "Lyon", "2.3", "Gps", "GPS"] {
            assert!(PACKET.contains(word) || word == "\"Paris\"", "the twin: {word} was there");
            assert!(!out.contains(word), "{word} in {out}");
        }
        assert!(out.contains("t:Orientation=\"6\"") && out.contains("Near &lt;Paris&gt;") && out.contains("Jo \"J\""));
    }

    #[test]
    fn a_long_packet_is_split_and_merged_again() {
        let (main, digest, extension) = split(PACKET.as_bytes()).unwrap();
        assert_eq!(extension_of(&main).as_deref(), Some(&*digest));
        assert_eq!(extension_of(PACKET.as_bytes()), None);
        let merged = text(merge(&main, &extension));
        assert!(!merged.contains("HasExtendedXMP") && merged.contains("Jo \"J\"") && merged.contains("xmlns:x=\"adobe:ns:meta/\""), "{merged}");
        assert_eq!(text(describe(merged.as_bytes(), 1, 2, None)).matches("rdf:Description").count(), 3, "{merged}");
    }

    #[test]
    fn what_is_no_sound_xml_is_refused_and_never_panics() {
        for bad in ["", "words", "<a>", "<a></b>", "</a>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a b=></a>", "<a b='1' b='2'/>"] {
            assert_eq!(describe(bad.as_bytes(), 1, 2, None), None, "{bad}");
        }
        assert_eq!(without_location(b"\xFF\xFE<\0a\0"), None);
        for end in 0..PACKET.len() {
            let cut = &PACKET.as_bytes()[..end];
            let _ = (describe(cut, 1, 2, None), merge(PACKET.as_bytes(), cut), split(cut), extension_of(cut));
        }
        for at in 0..PACKET.len() {
            for value in *b"<>\"/&\0 \xFF" {
                let mut hurt = PACKET.as_bytes().to_vec();
                hurt[at] = value;
                let _ = (describe(&hurt, 1, 2, None), merge(&hurt, PACKET.as_bytes()), without_location(&hurt));
            }
        }
    }
}
