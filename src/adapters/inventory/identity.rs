//! Which machine must be behind a management controller: what the inventory states, against what the controller says.
//!
//! Deliberately absent: reading a controller, and what follows from a wrong one.

/// What a controller must say of the system behind it; what is `None` is not asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BmcIdentity {
    /// The UUID of the system, in small letters.
    pub uuid: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
}

/// What a controller says of the system behind it.
#[derive(Clone, Copy, Debug)]
pub struct SaidIdentity<'a> {
    /// Its UUID, as it came.
    pub uuid: Option<&'a str>,
    /// Its serial number, as it came.
    pub serial: Option<&'a str>,
    /// Its SKU, as it came: there some makers tell the tag that stands on the machine, and elsewhere the number of its board.
    pub sku: Option<&'a str>,
}

/// Why a controller is not known to be the right one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotProven {
    /// It says that it is another machine's.
    Another(String),
    /// It does not say what the inventory states.
    Untold(String),
}

impl BmcIdentity {
    /// Whether anything is stated.
    #[must_use]
    pub const fn is_stated(&self) -> bool {
        self.uuid.is_some() || self.serial.is_some()
    }

    /// Whether the controller says all that is stated. One value that differs is proof of another machine, whatever else
    /// it says or leaves out.
    ///
    /// # Errors
    /// It does not, and what it says instead.
    pub fn check(&self, said: SaidIdentity<'_>) -> Result<(), NotProven> {
        let uuid = ("UUID", self.uuid.as_deref(), said.uuid.and_then(uuid_of));
        // A number that is stated is the machine's own, so a SKU that many share cannot be it.
        let tag = said.sku.and_then(serial_of).filter(|tag| self.serial.as_ref() == Some(tag));
        let serial = ("serial number", self.serial.as_deref(), tag.or_else(|| said.serial.and_then(serial_of)));
        let mut untold = None;
        for (what, stated, said) in [uuid, serial] {
            let Some(stated) = stated else { continue };
            match said {
                Some(said) if said == stated => {}
                Some(said) => {
                    let words = format!("its controller says {what} {said}, the inventory says {stated}");
                    return Err(NotProven::Another(words));
                }
                None => {
                    let words = format!("its controller tells no {what}, and the inventory states one");
                    untold.get_or_insert(words);
                }
            }
        }
        untold.map_or(Ok(()), |words| Err(NotProven::Untold(words)))
    }
}

/// A UUID in small letters. All zeros or all ones is what boards say that were never given one, so it is none.
#[must_use]
pub(super) fn uuid_of(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let groups = text.split('-').map(str::len);
    let is_hexadecimal = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let is_filler = |filler: u8| text.bytes().all(|byte| byte == b'-' || byte == filler);
    let is_one =
        groups.eq([8, 4, 4, 4, 12]) && is_hexadecimal && !is_filler(b'0') && !is_filler(b'f') && text != SAMPLE;
    is_one.then_some(text)
}

/// The UUID of boards whose maker left the sample of the firmware's.
const SAMPLE: &str = "03000200-0400-0500-0006-000700080009";

/// What boards say as their serial number that were never given one, in small letters.
const FILLERS: [&str; 8] = [
    "to be filled by o.e.m.",
    "default string",
    "system serial number",
    "not specified",
    "none",
    "n/a",
    "0123456789",
    "123456789",
];

/// A serial number without the blanks around it. What many boards say alike is none.
#[must_use]
pub(super) fn serial_of(text: &str) -> Option<String> {
    let text = text.trim();
    let is_filler = FILLERS.contains(&text.to_ascii_lowercase().as_str()) || text.bytes().all(|byte| byte == b'0');
    (!text.is_empty() && !is_filler).then(|| text.to_owned())
}
