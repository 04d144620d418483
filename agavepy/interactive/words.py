"""Words of three to six letters, of which names for OAuth clients are made up."""

from __future__ import annotations

_FIRST = """
    able amber apt azure bold brave brief bright brisk broad busy calm casual civic civil clean
    clear clever close cosmic crisp daily dear deep direct driven dry eager early easy elder epic
    equal exact fair famous fast fine firm fit fluent fond frank free fresh full gentle giving glad
    global golden good grand great green happy hardy honest huge humble ideal joint just keen kind
    large light live lively long loved loyal lucid lucky magic main major mellow mild modern moral
    native neat new nice noble normal novel open picked plain polite prime prompt proper proud pure
    quick quiet rapid rare ready real rich right robust royal safe sharp shy simple smart smooth
    sober solid sound square stable steady strong sunny super sure sweet swift tidy tight timely top
    true trusty unique usable useful valid vast viable vital warm whole wise witty worthy young
    """
_LAST = """
    adder ant ape asp auk badger bat bear beagle bee bird bison boar bobcat bream buck bug cat
    cicada civet clam cod colt condor coral cow coyote crab crane cub deer dingo doe dog donkey dove
    drake drum duck eagle earwig eel egret elf elk emu ewe falcon fawn ferret finch fish fly foal
    fowl fox frog gar gator gecko gibbon gnat goat gopher grouse grub gull guppy hare hawk hen heron
    hippo hog horse hound husky hyena ibex ibis iguana imp insect jackal jaguar jay kid kit kite
    kiwi koala krill lab lamb lark lemur lion lizard llama loon louse lynx macaw magpie mako mantis
    marlin marmot marten martin midge mink mole monkey moose moth mouse mule newt ocelot orca oriole
    osprey otter owl oyster panda parrot pika pig pigeon pony poodle possum puma pup python quail
    rabbit ram raptor rat raven ray robin roughy salmon seal shad shark shrew shrimp skunk sloth
    slug snail snake snipe sole spider sponge squid stag stork swan swift tahr tapir teal tern tetra
    tick tiger toad toucan trout turkey turtle urchin viper vole wahoo walrus wasp weasel weevil
    whale wolf wombat worm wren yak zebra
    """
#: All but the last word of a name, and the last one.
FIRST, LAST = tuple(_FIRST.split()), tuple(_LAST.split())
