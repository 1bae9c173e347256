//! What can be wrong with a backend.

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Flaw {
    None,
    /// The first number is 2.
    NumbersFromZero,
    /// The next number is counted from what is there.
    NumbersAgain,
    /// All numbers are read back as floats.
    Floats,
    /// Times are kept in milliseconds.
    Milliseconds,
    /// What has a megabyte is read back cut.
    Small,
    /// What comes before a number that is taken is stored.
    Parted,
    /// An event takes the place of one with its number.
    Overwrites,
    /// The events of a group come to be there one after the other.
    OneByOne,
    /// Where there is no room, the earliest goes.
    EarliestGoes,
    /// There is room for every number, though its event goes at once.
    RoomForAll,
    /// There is no room for a number that is lower than all.
    NoRoomBelow,
    /// All that is too much goes in one transaction.
    AllAtOnceGoes,
    /// The groups of one transaction do not see each other.
    EachForItself,
    /// What was there already is told as new.
    AlwaysNew,
    /// Bytes do not matter.
    BytesUncounted,
    /// Matters do not matter.
    NoCorrelation,
    /// Data do not matter.
    NoData,
    /// The end of a time range is in it.
    UntilToo,
    /// Events of one time come by ascending numbers, whatever is asked.
    TiesAscending,
    /// Nothing follows.
    NeverMore,
    /// What is passed over need not fit what is said of the data.
    OffsetBeforeData,
    /// Answers have as many bytes as they have.
    LongAnswers,
    /// Events of that time go as well.
    ThatTimeToo,
    /// All old events go, however few were asked for.
    AllAtOnce,
    /// What is stored while old events go is lost.
    Overtakes,
}
